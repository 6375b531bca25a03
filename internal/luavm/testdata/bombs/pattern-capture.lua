return (("a"):rep(3000)):match("(.*)(.*)(.*)(.*)%4b")
