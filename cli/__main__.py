"""How is it called without an installation? `python -m cli …` is `lensloop …`, without anything installed."""

from cli.main import app

if __name__ == "__main__":
    app(prog_name="lensloop")
