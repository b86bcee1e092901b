"""The rules of bringing pictures in: which label, which key, what is left out, and is it enough?"""
