"""What can a person ask of Lensloop? Commands for people: `lensloop --help`."""
