"""What can a person ask of Lensloop? Commands for people: `python -m cli --help`."""
