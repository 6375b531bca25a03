package table

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

type named struct{ name string }

// TestTable: a table finds what a map would, whatever was put in and taken out before.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, want := New(func(e *named) string { return e.name }), map[string]*named{}
		keys := rapid.IntRange(1, 200).Draw(t, "keys")
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 4*keys-1), 0, 600).Draw(t, "steps") {
			e := &named{name: fmt.Sprint(n % keys)}
			switch before := want[e.name]; {
			case n < 2*keys:
				tab.Put(e)
				want[e.name] = e
			case n < 3*keys:
				tab.Remove(e) // another with the same name
			case before != nil:
				tab.Remove(before)
				delete(want, e.name)
			}
		}
		if tab.n != len(want) {
			t.Fatalf("%d entries, want %d", tab.n, len(want))
		}
		for k := range keys {
			if name := fmt.Sprint(k); tab.Find(name) != want[name] {
				t.Fatalf("%s leads to %v, want %v", name, tab.Find(name), want[name])
			}
		}
		if len(tab.slots) > max(minSlots, 8*tab.n) {
			t.Fatalf("%d slots for %d entries", len(tab.slots), tab.n)
		}
	})
}
