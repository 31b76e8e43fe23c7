"""Lifts a model out of a program: from source text to a built `nn.Module`, without running the program.

`program` parses the sources, `candidates` finds the classes, `values` reads what expressions are worth, `slicing` gathers what
a class refers to, `meaning` guesses what cannot be read, `building` puts it together and learns from errors.
"""
