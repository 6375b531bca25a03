package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"evenkeel.dev/internal/resource"
)

// Fact is what an item stands for besides its name: what would be written, and over
// what.
type Fact struct {
	// Desired identifies the desired object, 0 for a prune.
	Desired uint64
	// UID is the live object's, empty if there is none; Live identifies its content.
	UID  string
	Live uint64
}

// hashLength is how many characters of a plan's hash people are shown and type.
const hashLength = 16

// Hash identifies what the plan would do: the same steps with the same objects over
// the same live objects have the same hash, in every process.
func (p Plan) Hash(fact func(Phase, resource.Key) Fact) string {
	h := sha256.New()
	for _, list := range [...][]Step{p.Steps, p.OnFailure} {
		for _, s := range list {
			for _, items := range [...][]Item{s.Prune, s.Apply} {
				for _, i := range items {
					if i.Action != Keep {
						write(h, i, fact(i.Phase, i.Key))
					}
				}
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:hashLength]
}

func write(w io.Writer, i Item, f Fact) {
	_, _ = fmt.Fprintf(w, "%s %d %s %q %x %q %x\n", i.Phase, i.Wave, i.Action, i.Key.String(), f.Desired, f.UID, f.Live) // a hash takes every byte
}
