package server

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// Whatever a Host header says: what is admitted is this machine for a browser too.
func FuzzLocalHost(f *testing.F) {
	for _, s := range []string{"localhost:1", "[::1]:2", "127.0.0.1", "evil", "[::ffff:127.0.0.1]", "localhost:", "::1", "[localhost]", "127.0.0.1:1@evil"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !localHost(host) {
			return
		}
		u, err := url.Parse("http://" + host)
		if err != nil {
			t.Fatalf("%q is admitted and no URL can have it: %v", host, err)
		}
		name := u.Hostname()
		if ip, err := netip.ParseAddr(name); !strings.EqualFold(name, "localhost") && (err != nil || !ip.IsLoopback()) {
			t.Fatalf("%q is admitted and names %q", host, name)
		}
	})
}
