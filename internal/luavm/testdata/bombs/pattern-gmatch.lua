for x in (("a"):rep(1e6)):gmatch(".-b") do end
