"""How numbers and dates are written, by language, where the framework has it otherwise."""
