return ("xx"):rep(2^62)
