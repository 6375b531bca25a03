package signature

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"
	"unicode"

	"evenkeel.dev/internal/fault"
)

// maxObject is the largest commit or tag, in bytes, that is looked at.
const maxObject = 8 << 20

// object is a commit or an annotated tag.
type object struct {
	tag bool
	// payload is what was signed, signature what was made of it; empty when nothing was.
	payload, signature []byte
	// author is who wrote the commit, or made the tag.
	author string
	// parents are a commit's.
	parents []string
	// seal says that a commit's message has the trailer by which strict mode knows
	// commits whose history counts as approved.
	seal bool
}

var (
	parentLine = regexp.MustCompile(`^parent ([0-9a-f]{40})$`)
	sealWord   = []byte("argocd-gpg-seal:")
)

// parse takes an object apart as git does (commit.c, parse_buffer_signed_by_header;
// gpg-interface.c, parse_signed_buffer): a commit's signature is a header, which is
// not part of what is signed, a tag's stands at the end of its message.
func parse(raw []byte) (object, error) {
	if len(raw) > maxObject {
		return object{}, fault.New(fault.Broken, "is larger than the %d bytes that are looked at", maxObject)
	}
	o := object{tag: bytes.HasPrefix(raw, []byte("object "))}
	if !o.tag && !bytes.HasPrefix(raw, []byte("tree ")) {
		return object{}, fault.New(fault.Broken, "is neither a commit nor an annotated tag")
	}
	body := raw
	if o.tag {
		at := signatureStart(raw)
		body, o.signature = raw[:at], raw[at:]
	}
	head, message := body, []byte(nil)
	if end := bytes.Index(body, []byte("\n\n")); end >= 0 {
		head, message = body[:end+1], body[end+1:]
	}
	if err := o.headers(head); err != nil {
		return object{}, err
	}
	o.payload = append(o.payload, message...)
	o.seal = !o.tag && bytes.Contains(bytes.ToLower(message), sealWord)
	return o, nil
}

// headers reads the lines before the message, each of which may be continued by
// lines that begin with a space.
func (o *object) headers(head []byte) error {
	name, signatures, others := "", 0, false
	for line := range bytes.Lines(head) {
		if line[0] != ' ' {
			word, _, _ := bytes.Cut(bytes.TrimRight(line, "\n"), []byte(" "))
			name = string(word)
			if name == "gpgsig" {
				signatures++
			}
		}
		switch name {
		case "gpgsig":
			o.signatureLine(line)
			continue
		case "gpgsig-sha256":
			continue
		case "tree", "parent":
			// Git takes for parents those that stand together behind the tree.
			if p := parentLine.FindSubmatch(bytes.TrimRight(line, "\n")); p != nil && !others {
				o.parents = append(o.parents, string(p[1]))
			}
		case "author", "tagger":
			o.author = cmp.Or(o.author, who(line))
			others = true
		default:
			others = true
		}
		o.payload = append(o.payload, line...)
	}
	if signatures > 1 && !o.tag {
		return fault.New(fault.Broken, "has more than one signature")
	}
	return nil
}

// signatureLine adds a line of the header to a commit's signature. In a tag that
// header is for names by SHA-256.
func (o *object) signatureLine(line []byte) {
	if !o.tag {
		o.signature = append(o.signature, bytes.TrimPrefix(bytes.TrimPrefix(line, []byte("gpgsig")), []byte(" "))...)
	}
}

// signatureStart is where a tag's signature begins: with the last line that begins
// one, as that is the one that was added last.
func signatureStart(raw []byte) int {
	start, at := len(raw), 0
	for line := range bytes.Lines(raw) {
		for _, begin := range [...]string{beginOpenPGP, beginSSH, beginX509} {
			if bytes.HasPrefix(line, []byte(begin)) {
				start = at
			}
		}
		at += len(line)
	}
	return start
}

// who is "Name <email>" of a line with that and a time, fit for being shown.
func who(line []byte) string {
	_, text, _ := strings.Cut(string(line), " ")
	if end := strings.LastIndex(text, ">"); end >= 0 {
		text = text[:end+1]
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.TrimSpace(text)
}
