"""`python -m millwright` is the command `millwright`, for where the folder of commands is not on the path."""

from millwright.cli.main import main

if __name__ == "__main__":
    main()
