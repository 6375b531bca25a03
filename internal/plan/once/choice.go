package once

import (
	"fmt"
	"regexp"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// Word is what a person decided about a task.
type Word string

// The words. The zero value is Auto.
const (
	// Auto leaves it to Decide's rules.
	Auto Word = "auto"
	// Run runs it, also when it ran or failed with the same inputs.
	Run Word = "run"
	// Skip does not run it and marks it as applied, so that nobody else runs it later.
	Skip Word = "skip"
)

// Choice is a person's decision about one task.
type Choice struct {
	Word Word
	// Key limits it to inputs whose key begins so. Whoever decides about a failure
	// has seen one key, and a newer commit may bring another in between.
	Key string
	// Request identifies the operation, so that it runs a task once and not in each
	// of its passes; By is who asked. Choices.For fills them in.
	Request string
	By      string
}

// on is the choice for inputs with that key: automatic if it was made for others,
// and what to say about that.
func (c Choice) on(key string) (out Choice, note string) {
	if strings.HasPrefix(key, c.Key) {
		return c, ""
	}
	return Choice{}, fmt.Sprintf("; the choice to %s it was made for other inputs", c.Word)
}

// Choices are the decisions of one operation.
type Choices struct {
	// All is for tasks that Tasks does not name.
	All Word
	// Tasks are by NAMESPACE/NAME, or by NAME alone.
	Tasks map[string]Choice
	// Request and By are those of the operation: see Choice.
	Request string
	By      string
}

// For is the decision about a task.
func (c Choices) For(task string) Choice {
	out, ok := c.Tasks[task]
	if !ok {
		_, name := split(task)
		out, ok = c.Tasks[name]
	}
	if !ok {
		out = Choice{Word: c.All}
	}
	out.Request, out.By = c.Request, c.By
	return out
}

// Check fails if a name is none of the hooks', or several'.
func (c Choices) Check(hooks []string) error {
	for _, name := range sortedKeys(c.Tasks) {
		switch found := matching(hooks, name); {
		case len(found) > 1:
			return ambiguous(name, found)
		case len(found) == 0:
			return fault.New(fault.Invalid, "operation.info %s: there is no hook %s%s", v1alpha1.InfoHooks, name, others(hooks))
		}
	}
	return nil
}

func others(hooks []string) string {
	if len(hooks) == 0 {
		return ""
	}
	return ": there is " + strings.Join(hooks, ", ")
}

// matching are the hooks that NAMESPACE/NAME or NAME may mean.
func matching(hooks []string, wanted string) []string {
	var found []string
	for _, hook := range hooks {
		if _, name := split(hook); hook == wanted || name == wanted {
			found = append(found, hook)
		}
	}
	return found
}

func ambiguous(wanted string, found []string) error {
	return fault.New(fault.Invalid, "hook %s is ambiguous: it may be %s", wanted, strings.Join(found, " or "))
}

// Match is the one task that a person means by NAMESPACE/NAME or NAME.
func Match(tasks []string, wanted string) (string, error) {
	switch found := matching(tasks, wanted); {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", ambiguous(wanted, found)
	case len(tasks) == 0:
		return "", fault.New(fault.Invalid, "hook %s: no hook of this application runs once per input", wanted)
	}
	return "", fault.New(fault.Invalid, "there is no hook %s that runs once per input: there is %s", wanted, strings.Join(tasks, ", "))
}

// Infos are the choices as entries of operation.info. One entry holds all of
// them, as "auto,shop/migrate=skip@1a2b3c4d5e,seed=run"; there is none if
// everything is automatic.
func (c Choices) Infos() []*v1alpha1.Info {
	var words []string
	if c.All != "" && c.All != Auto {
		words = append(words, string(c.All))
	}
	for _, name := range sortedKeys(c.Tasks) {
		choice := c.Tasks[name]
		word := name + "=" + string(choice.Word)
		if choice.Key != "" {
			word += "@" + choice.Key
		}
		words = append(words, word)
	}
	if words == nil {
		return nil
	}
	return []*v1alpha1.Info{{Name: v1alpha1.InfoHooks, Value: strings.Join(words, ",")}}
}

// ChoicesOf reads the choices in an operation's infos. What cannot be read is an
// error: it was meant to change what runs.
func ChoicesOf(infos []*v1alpha1.Info) (Choices, error) {
	var out Choices
	found := false
	for _, info := range infos {
		if info == nil || info.Name != v1alpha1.InfoHooks {
			continue
		}
		if found {
			return Choices{}, fault.New(fault.Invalid, "operation.info names %s twice", v1alpha1.InfoHooks)
		}
		found = true
		var err error
		if out, err = parseChoices(info.Value); err != nil {
			return Choices{}, fault.Wrap(fault.Invalid, err, "operation.info %s", v1alpha1.InfoHooks)
		}
	}
	return out, nil
}

func parseChoices(text string) (Choices, error) {
	var out Choices
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		if strings.Contains(word, "=") {
			name, choice, err := ParseChoice(word)
			if err != nil {
				return Choices{}, err
			}
			if _, twice := out.Tasks[name]; twice {
				return Choices{}, fault.New(fault.Invalid, "hook %s is named twice", name)
			}
			if out.Tasks == nil {
				out.Tasks = map[string]Choice{}
			}
			out.Tasks[name] = choice
			continue
		}
		if out.All != "" {
			return Choices{}, fault.New(fault.Invalid, "%q comes after %q: one of them is for all hooks", word, out.All)
		}
		all, err := ParseWord(word)
		if err != nil {
			return Choices{}, err
		}
		out.All = all
	}
	return out, nil
}

// ParseWord reads run, skip or auto.
func ParseWord(text string) (Word, error) {
	switch w := Word(text); w {
	case Auto, Run, Skip:
		return w, nil
	}
	return "", fault.New(fault.Invalid, "%q: want run, skip or auto", text)
}

var (
	// choosable is a name of a Job, with or without its namespace.
	choosable = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`)
	keyPrefix = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
)

// ParseChoice reads NAME=run|skip|auto, with @KEY behind it if it is for inputs
// with a key that begins so.
func ParseChoice(text string) (name string, c Choice, err error) {
	name, rest, _ := strings.Cut(text, "=")
	if !choosable.MatchString(name) {
		return "", c, fault.New(fault.Invalid, "%q: want NAME=run|skip|auto, with the name of a hook or NAMESPACE/NAME", text)
	}
	word, key, limited := strings.Cut(rest, "@")
	if limited && !keyPrefix.MatchString(key) {
		return "", c, fault.New(fault.Invalid, "%q: want at least eight hex digits of a key behind the @", text)
	}
	if c.Word, err = ParseWord(word); err != nil {
		return "", c, fault.Wrap(fault.Invalid, err, "hook %s", name)
	}
	c.Key = key
	return name, c, nil
}
