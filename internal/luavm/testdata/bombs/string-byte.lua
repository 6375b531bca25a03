local s = ("x"):rep(1e6) return s:byte(1, -1)
