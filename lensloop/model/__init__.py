"""How good is a model, and may it replace the live one?"""
