#!/bin/sh
# Reads what compute this machine has, for `millwright inventory --from FILE`. Needs nothing but a shell; changes
# nothing, sends nothing. Save its output:   sh inventory.sh > machine.txt
# It names no user and reads no serial number. Each part begins with a line `@@ name`.
LC_ALL=C
export LC_ALL
PATH="$PATH:/usr/sbin:/sbin:/opt/rocm/bin"

have() { command -v "$1" >/dev/null 2>&1; }

part() {
    name=$1
    shift
    printf '@@ %s\n' "$name"
    have timeout && set -- timeout 30 "$@" # a tool whose driver hangs must not hold up the rest
    "$@" 2>/dev/null </dev/null
    printf '@@ status %s %s\n' "$name" "$?"
}

echo '@@ millwright-inventory 1'
part uname uname -srm
part date date -u +%Y-%m-%d
[ -r /etc/os-release ] && part os-release cat /etc/os-release
have lscpu && part lscpu lscpu
[ -r /proc/cpuinfo ] && part cpuinfo sh -c 'grep -E "^(model name|Hardware|physical id|cpu cores)" /proc/cpuinfo'
[ -r /proc/meminfo ] && part meminfo head -n 3 /proc/meminfo
have nvidia-smi && {
    part nvidia-smi nvidia-smi --query-gpu=index,name,memory.total,driver_version,power.limit,pcie.link.gen.max,pcie.link.width.max --format=csv,noheader,nounits
    part nvidia-topology nvidia-smi topo -m
}
have rocm-smi && part rocm-smi rocm-smi --showproductname --showmeminfo vram --showdriverversion --json
have xpu-smi && part xpu-smi xpu-smi discovery -j
have hl-smi && part hl-smi hl-smi -Q index,name,memory.total,driver_version -f csv,noheader
have lspci && part lspci sh -c 'lspci -nn | grep -Ei "3d controller|vga|display|processing accelerator"'
have lsblk && part lsblk lsblk -bdnP -o NAME,SIZE,ROTA,TYPE,MODEL
part df df -Pk
if [ -d /sys/class/net ]; then
    part network sh -c 'for each in /sys/class/net/*; do
        name=${each##*/}
        [ "$name" = lo ] && continue
        printf "%s %s %s\n" "$name" "$(cat "$each/operstate" 2>/dev/null)" "$(cat "$each/speed" 2>/dev/null)"
    done'
fi
[ -d /sys/class/infiniband ] && part infiniband sh -c 'for each in /sys/class/infiniband/*/ports/*; do
    printf "%s %s\n" "$each" "$(cat "$each/rate" 2>/dev/null)"
done'
for tool in docker podman nerdctl apptainer kubectl; do
    have "$tool" && case $tool in
        kubectl) part container-kubectl kubectl version --client ;;
        *) part "container-$tool" "$tool" --version ;;
    esac
done
have nvidia-ctk && part container-nvidia-ctk nvidia-ctk --version
have python3 && part python python3 --version
have sysctl && [ "$(uname -s)" = Darwin ] && {
    part sysctl sysctl machdep.cpu.brand_string hw.memsize hw.physicalcpu hw.ncpu
    part sw-vers sw_vers
}
echo '@@ end'
