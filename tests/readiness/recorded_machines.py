"""Outputs of the inventory script in the forms of the vendors' tools, written for the tests; no real machine's."""

from __future__ import annotations

LSCPU = """Architecture:            x86_64
CPU(s):                  {threads}
Model name:              {model}
Thread(s) per core:      2
Core(s) per socket:      {cores}
Socket(s):               {sockets}
NUMA node(s):            {numa}
Flags:                   fpu vme avx2 avx512f avx512_bf16 amx_bf16 amx_int8
"""


def _machine(*parts: tuple[str, str, int]) -> str:
    text = "@@ millwright-inventory 1\n@@ uname\nLinux 6.8.0-41-generic x86_64\n@@ status uname 0\n"
    text += "@@ date\n2026-11-20\n@@ status date 0\n"
    text += '@@ os-release\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n@@ status os-release 0\n'
    for name, body, status in parts:
        text += f"@@ {name}\n{body}@@ status {name} {status}\n"
    return text + "@@ end\n"


_XEON = ("lscpu", LSCPU.format(model="Intel(R) Xeon(R) Platinum 8480+", threads=224, cores=56, sockets=2, numa=2), 0)
_MEMINFO = ("meminfo", "MemTotal:       2113442816 kB\nMemFree:        2000000000 kB\n", 0)
_NETWORK = ("network", "eno1 up 25000\nibs0 up \ndocker0 down \nenp5s0 down -1\n", 0)
_INFINIBAND = ("infiniband", "/sys/class/infiniband/mlx5_0/ports/1 400 Gb/sec (4X NDR)\n", 0)
_DISKS = (
    "lsblk",
    'NAME="nvme0n1" SIZE="3840755982336" ROTA="0" TYPE="disk" MODEL="SAMSUNG MZQL23T8HCLS-00A07"\n'
    'NAME="loop0" SIZE="4096" ROTA="0" TYPE="loop" MODEL=""\n',
    0,
)
_VOLUMES = (
    "df",
    "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    "tmpfs 10560000 4096 10555904 1% /run\n/dev/nvme0n1p2 3750000000 750000000 3000000000 20% /\n",
    0,
)
_CONTAINERS = ("container-docker", "Docker version 27.3.1, build ce12230\n", 0)

_H100 = "{n}, NVIDIA H100 80GB HBM3, 81559, 550.127.05, 700.00, 5, 16\n"
_TOPOLOGY = (
    "\tGPU0\tGPU1\tNIC0\nGPU0\t X \tNV18\tPIX\nGPU1\tNV18\t X \tSYS\n\n"
    "Legend:\n  NV#  = Connection traversing NVLinks\n"
)

HGX_H100 = _machine(
    _XEON, _MEMINFO, ("nvidia-smi", "".join(_H100.format(n=n) for n in range(8)), 0),
    ("nvidia-topology", _TOPOLOGY, 0), _DISKS, _VOLUMES, _NETWORK, _INFINIBAND, _CONTAINERS,
)  # fmt: skip

_L40S = "{n}, NVIDIA L40S, 46068, 570.86.15, 350.00, 4, 16\n"
THREE_L40S = _machine(_XEON, _MEMINFO, ("nvidia-smi", "".join(_L40S.format(n=n) for n in range(3)), 0))

A100_40 = _machine(_XEON, ("nvidia-smi", "0, NVIDIA A100-SXM4-40GB, 40960, 535.183.01, 400.00, 4, 16\n", 0))

NOT_KNOWN_LIMIT = _machine(("nvidia-smi", "0, NVIDIA GB10, [N/A], 580.95.05, [N/A], 5, [N/A]\n", 0))

_CARD = (
    '"card{n}": {{"VRAM Total Memory (B)": "206141652992", "VRAM Total Used Memory (B)": "297664512", '
    '"Card {series}": "AMD Instinct MI300X OAM", "Card Model": "0x74a1"}}'
)


def mi300x(series: str) -> str:
    """Return eight MI300X; `series` is `Series` or `series`, as releases of rocm-smi differ."""
    cards = ", ".join(_CARD.format(n=n, series=series) for n in range(8))
    return _machine(_MEMINFO, ("rocm-smi", f'WARNING: x\n{{{cards}, "system": {{"Driver version": "6.10.5"}}}}\n', 0))


XPU = _machine(
    (
        "xpu-smi",
        '{"device_list": [' + ", ".join(
            f'{{"device_id": {n}, "device_name": "Intel(R) Arc(TM) Pro B60 Graphics", "device_type": "GPU", '
            '"pci_bdf_address": "0000:03:00.0", "vendor_name": "Intel(R) Corporation"}' for n in range(4)
        ) + "]}\n",
        0,
    )
)  # fmt: skip

GAUDI = _machine(("hl-smi", "".join(f"{n}, HL-225, 98304 MiB, 1.18.0-ee698fb\n" for n in range(8)), 0))

_PCI = (
    "03:00.0 VGA compatible controller [0300]: ASPEED Technology, Inc. ASPEED Graphics Family [1a03:2000] (rev 52)\n"
    "00:02.0 VGA compatible controller [0300]: Intel Corporation UHD Graphics 770 [8086:4680]\n"
    "17:00.0 3D controller [0302]: NVIDIA Corporation GH100 [H100 PCIe] [10de:2331] (rev a1)\n"
    "65:00.0 3D controller [0302]: NVIDIA Corporation GH100 [H100 PCIe] [10de:2331] (rev a1)\n"
)
DRIVER_MISSING = _machine(
    ("nvidia-smi", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n\n", 9),
    ("lspci", _PCI, 0),
)

MAC = _machine(
    ("sysctl", "machdep.cpu.brand_string: Apple M4 Pro\nhw.memsize: 68719476736\nhw.physicalcpu: 14\nhw.ncpu: 14\n", 0),
    ("sw-vers", "ProductName:\t\tmacOS\nProductVersion:\t\t15.1\n", 0),
)

CPU_ONLY = _machine(
    ("lscpu", LSCPU.format(model="AMD EPYC 9654 96-Core Processor", threads=384, cores=96, sockets=2, numa=8), 0),
    _MEMINFO,
)
