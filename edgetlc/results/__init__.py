"""What the field runtime found, for people and programs: results files, pictures, printed pages."""
