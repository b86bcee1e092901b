"""How are strangers' pictures opened safely?"""
