package once

import (
	"cmp"
	"slices"
	"strings"
)

// PartKind is what sort of input a part is.
type PartKind string

// The kinds of inputs, in the order in which people are told of them.
const (
	PartImage       PartKind = "image"
	PartConfigMap   PartKind = "ConfigMap"
	PartSecret      PartKind = "Secret"
	PartPath        PartKind = "path"
	PartContainer   PartKind = "container"
	PartPod         PartKind = "pod template"
	PartDestination PartKind = "destination"
)

var partOrder = [...]PartKind{PartImage, PartConfigMap, PartSecret, PartPath, PartContainer, PartPod, PartDestination}

// Part is one input of a task as it was: what went into its key, in words that
// hold no secret, and a digest to compare it by.
type Part struct {
	Kind PartKind `json:"kind"`
	// Name tells parts of one kind apart: a container, an object, a pattern.
	Name string `json:"name,omitempty"`
	// Value is the input itself where it is short and no secret: an image, "12 files".
	Value string `json:"value,omitempty"`
	// Digest is the beginning of the input's digest, in hex.
	Digest string `json:"digest"`
	// MAC names the key that a Secret's digest was made with. Digests of different
	// keys cannot be compared.
	MAC string `json:"mac,omitempty"`
}

// String names the part for people.
func (p Part) String() string {
	switch p.Kind {
	case PartImage, PartDestination:
		return string(p.Kind) + " " + p.Value
	case PartPod:
		return string(p.Kind)
	}
	return string(p.Kind) + " " + p.Name
}

// change is what became of a part, as in "image nginx:1 → nginx:2".
func (p Part) change(now Part) string {
	if p.Value != now.Value && (p.Kind == PartImage || p.Kind == PartDestination) {
		return p.String() + " → " + now.Value
	}
	if p.Value != now.Value && p.Value != "" && now.Value != "" {
		return p.String() + " (" + p.Value + " → " + now.Value + ")"
	}
	return p.String()
}

func (p Part) same(o Part) bool { return p.Digest == o.Digest && p.MAC == o.MAC }

type partID struct {
	kind PartKind
	name string
}

func byID(parts []Part) map[partID]Part {
	out := make(map[partID]Part, len(parts))
	for _, p := range parts {
		out[partID{p.Kind, p.Name}] = p
	}
	return out
}

func compareParts(a, b Part) int {
	return cmp.Or(cmp.Compare(slices.Index(partOrder[:], a.Kind), slices.Index(partOrder[:], b.Kind)), strings.Compare(a.Name, b.Name))
}

// Changes says what differs between two lists of parts, for people: "image
// nginx:1 → nginx:2", "ConfigMap db-config", "Secret db (new)".
func Changes(before, after []Part) []string {
	old, out := byID(before), []string(nil)
	for _, p := range after {
		id := partID{p.Kind, p.Name}
		was, known := old[id]
		delete(old, id)
		switch {
		case !known:
			out = append(out, p.String()+" (new)")
		case !was.same(p):
			out = append(out, was.change(p))
		}
	}
	for _, p := range before {
		if _, gone := old[partID{p.Kind, p.Name}]; gone {
			out = append(out, p.String()+" (no longer)")
		}
	}
	return out
}

// onlyMACs says whether two lists of parts differ in nothing but the keys that
// Secrets were digested with, so that nobody can tell whether those changed.
func onlyMACs(before, after []Part) bool {
	if len(before) != len(after) {
		return false
	}
	old, found := byID(before), false
	for _, p := range after {
		was, known := old[partID{p.Kind, p.Name}]
		switch {
		case !known:
			return false
		case was.MAC != p.MAC:
			found = true
		case was.Digest != p.Digest:
			return false
		}
	}
	return found
}
