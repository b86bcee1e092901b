"""How is `lensloop …` called where nothing is installed? As `python -m cli …`."""

from cli.main import app

if __name__ == "__main__":
    app(prog_name="lensloop")
