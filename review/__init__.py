"""The page that `lensloop review` serves on this machine. `app` lists what can be asked of it,
`door` says who may, `server` serves; the rules are in lensloop/review/.
"""
