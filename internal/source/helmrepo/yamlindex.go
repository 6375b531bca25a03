package helmrepo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxField is the largest field of an entry that is decoded.
	maxField = 64 << 10
	// maxTopKeys is the number of keys beside the entries; Helm knows six.
	maxTopKeys = 100
)

// yamlIndex decodes an index in block style line by line. It knows keys and list
// items by their indentation, which YAML lets nothing else have: what goes on over
// several lines is indented deeper than the key that it belongs to. Fields that are
// not needed are passed over unseen; a field that is not plain is given to a real
// decoder. What does not look as expected is errForm.
type yamlIndex struct {
	in  *bufio.Reader
	out *collector

	line   line
	number int
	again  bool
	// rest comes behind an unusual line break, if there was more.
	rest  []byte
	more  bool
	field bytes.Buffer
}

// line is valid until the next one is read.
type line struct {
	indent int
	// text is without indentation and line end.
	text []byte
	// cut says that text is only the beginning; behind that it comes behind an unusual
	// line break.
	cut, behind bool
}

// breaks are line breaks of YAML 1.1 beside the usual ones. Helm's library writes
// them as they are.
var breaks = [...]string{"\u0085", "\u2028", "\u2029"}

// split splits text at the first of these.
func split(text []byte) (line, rest []byte, found bool) {
	end, length := len(text), 0
	if bytes.IndexByte(text, '\xc2') < 0 && bytes.IndexByte(text, '\xe2') < 0 {
		return text, nil, false // the usual case, fast
	}
	for _, b := range breaks {
		if i := bytes.Index(text[:end], []byte(b)); i >= 0 {
			end, length = i, len(b)
		}
	}
	return text[:end], text[end+length:], length > 0
}

func (l line) blank() bool   { return len(bytes.TrimLeft(l.text, " \t")) == 0 }
func (l line) comment() bool { return len(l.text) > 0 && l.text[0] == '#' }
func (l line) item() bool {
	return string(l.text) == "-" || bytes.HasPrefix(l.text, []byte("- "))
}

// below says whether the line goes on with a key at that indentation: a list may
// stand at the indentation of its key. So does a quote behind an unusual line break,
// which Helm's library does not indent.
func (l line) below(indent int) bool {
	return l.indent > indent || l.indent == indent && l.item() || l.behind && len(l.text) > 0 && l.text[0] == '\''
}

// read reads the next line.
func (p *yamlIndex) read() error {
	if p.again {
		p.again = false
		return nil
	}
	p.number++
	text, cut, behind := p.rest, false, p.more
	if !behind {
		var err error
		if text, cut, err = p.physical(); err != nil {
			return err
		}
	}
	text, p.rest, p.more = split(text)
	rest := bytes.TrimLeft(text, " ")
	p.line = line{indent: len(text) - len(rest), text: rest, cut: cut, behind: behind}
	return nil
}

// physical reads up to the end of the line, as the usual ones go.
func (p *yamlIndex) physical() (text []byte, cut bool, err error) {
	text, err = p.in.ReadSlice('\n')
	cut = errors.Is(err, bufio.ErrBufferFull)
	if cut {
		// It is overwritten when the rest of the line is read.
		text = bytes.Clone(text)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = p.in.ReadSlice('\n')
		}
	}
	if errors.Is(err, io.EOF) && len(text) > 0 {
		err = nil
	}
	return bytes.TrimRight(text, "\r\n"), cut, err
}

// next reads the next line that is neither blank nor a comment; ok is false at the end.
func (p *yamlIndex) next() (ok bool, err error) {
	for {
		err := p.read()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if !p.line.blank() && !p.line.comment() {
			return true, nil
		}
	}
}

func (p *yamlIndex) unread() { p.again = true }

func (p *yamlIndex) unusual() error { return fmt.Errorf("%w: line %d", errForm, p.number) }

func (p *yamlIndex) run() error {
	seen := map[string]bool{}
	started := false
	for {
		ok, err := p.next()
		if !ok || err != nil {
			return err
		}
		text := string(bytes.TrimRight(p.line.text, " "))
		switch {
		case p.line.indent == 0 && !started && (text == "---" || text[0] == '%'):
			started = text == "---"
			continue
		case p.line.indent == 0 && (text == "---" || text == "..."):
			return nil
		}
		started = true
		key, value, ok := splitKey(p.line.text)
		name := string(key)
		if !ok || p.line.indent != 0 || seen[name] || len(seen) > maxTopKeys {
			return p.unusual()
		}
		seen[name] = true
		switch name {
		case "entries":
			err = p.entries(string(value))
		case "apiVersion":
			p.out.apiVersion = len(value) > 0
			err = p.skip(0)
		default:
			err = p.skip(0)
		}
		if err != nil {
			return err
		}
	}
}

// skip passes over the rest of what belongs to a key at that indentation.
func (p *yamlIndex) skip(indent int) error {
	for {
		ok, err := p.next()
		if !ok || err != nil {
			return err
		}
		if !p.line.below(indent) {
			p.unread()
			return nil
		}
	}
}

func (p *yamlIndex) entries(value string) error {
	if value == "{}" || value == "null" {
		return nil
	}
	if value != "" {
		return p.unusual()
	}
	indent := 0
	for {
		ok, err := p.next()
		if !ok || err != nil {
			return err
		}
		if p.line.indent == 0 {
			p.unread()
			return nil
		}
		if indent == 0 {
			indent = p.line.indent
		}
		key, rest, ok := splitKey(p.line.text)
		if !ok || p.line.indent != indent {
			return p.unusual()
		}
		chart, list := string(key), string(rest)
		if err := p.out.begin(chart); err != nil {
			return err
		}
		switch list {
		case "":
			err = p.versions(chart, indent)
		case "[]", "null":
		default:
			err = p.unusual()
		}
		if err != nil {
			return err
		}
	}
}

// versions reads the list of a chart whose name stands at that indentation.
func (p *yamlIndex) versions(chart string, above int) error {
	indent := -1
	for {
		ok, err := p.next()
		if !ok || err != nil {
			return err
		}
		if !p.line.below(above) {
			p.unread()
			return nil
		}
		if indent < 0 {
			indent = p.line.indent
		}
		if !p.line.item() || p.line.indent != indent {
			return p.unusual()
		}
		if err := p.version(chart); err != nil {
			return err
		}
	}
}

// version reads the item that begins with the current line.
func (p *yamlIndex) version(chart string) error {
	var e entry
	above := p.line.indent
	rest := bytes.TrimLeft(p.line.text[1:], " ")
	p.line.indent += len(p.line.text) - len(rest)
	p.line.text = rest
	if p.line.blank() || p.line.comment() {
		ok, err := p.next()
		if err != nil {
			return err
		}
		if ok && p.line.indent <= above {
			p.unread()
		}
		if !ok || p.line.indent <= above {
			return p.out.add(chart, e)
		}
	}
	var seen [4]bool
	for indent := p.line.indent; ; {
		key, value, ok := splitKey(p.line.text)
		if !ok {
			return p.unusual()
		}
		which := slot(key)
		switch {
		case which < 0:
			if err := p.skip(indent); err != nil {
				return err
			}
		case seen[which]:
			return p.unusual()
		default:
			seen[which] = true
			if err := p.value(indent, value, e.set(which)); err != nil {
				return err
			}
		}
		ok, err := p.next()
		if err != nil {
			return err
		}
		if !ok || p.line.indent < indent {
			if ok {
				p.unread()
			}
			return p.out.add(chart, e)
		}
		if p.line.indent != indent {
			return p.unusual()
		}
	}
}

// slot numbers the fields that are kept; it is -1 for all others.
func slot(key []byte) int {
	switch string(key) {
	case "version":
		return 0
	case "urls":
		return 1
	case "digest":
		return 2
	case "created":
		return 3
	}
	return -1
}

func (e *entry) set(which int) func(string) {
	return func(text string) {
		switch which {
		case 0:
			e.Version = text
		case 1:
			e.URLs = []string{text}
		case 2:
			e.Digest = text
		case 3:
			e.Created = text
		}
	}
}

// value gives set what a field holds, if it holds anything; the first, if that is a
// list. The field's key stands in the current line, at that indentation.
func (p *yamlIndex) value(indent int, first []byte, set func(string)) error {
	if p.line.cut {
		return p.unusual()
	}
	p.field.Reset()
	p.field.Write(first)
	p.field.WriteByte('\n')
	head := p.field.Len()
	for {
		err := p.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if !p.line.blank() && !p.line.below(indent) && !p.line.comment() {
			p.unread()
			break
		}
		if p.field.Len() > maxField || p.line.cut || p.line.behind {
			return p.unusual()
		}
		p.field.WriteString(strings.Repeat(" ", p.line.indent))
		p.field.Write(p.line.text)
		p.field.WriteByte('\n')
	}
	data := p.field.Bytes()
	first, more := data[:head-1], bytes.TrimRight(data[head:], " \n")
	switch {
	case len(more) == 0 && len(first) == 0:
		return nil
	case len(more) == 0 && isPlain(first):
		set(string(unquote(first)))
		return nil
	case len(first) == 0:
		if only, ok := bytes.CutPrefix(bytes.TrimLeft(more, " "), []byte("- ")); ok && isPlain(only) {
			set(string(unquote(only)))
			return nil
		}
	}
	return p.decode(indent, data, set)
}

// decode is value for what is not plain. The key goes to where it stood, since block
// scalars may count their indentation from there.
func (p *yamlIndex) decode(indent int, data []byte, set func(string)) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(append([]byte(strings.Repeat(" ", indent)+"x: "), data...), &doc); err != nil {
		return p.unusual()
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode || len(doc.Content[0].Content) != 2 {
		return p.unusual()
	}
	n := doc.Content[0].Content[1]
	if n.Kind == yaml.SequenceNode {
		if len(n.Content) == 0 {
			return nil
		}
		n = n.Content[0]
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!binary" {
		return p.unusual()
	}
	if n.Tag != "!!null" {
		set(n.Value)
	}
	return nil
}

// splitKey is the key of a line and what stands behind its colon, without a comment
// that is all there is.
func splitKey(text []byte) (key, value []byte, ok bool) {
	if len(text) == 0 {
		return nil, nil, false
	}
	switch c := text[0]; {
	case c == '"' || c == '\'':
		end := bytes.IndexByte(text[1:], c)
		if end < 0 || bytes.IndexByte(text[1:1+end], '\\') >= 0 {
			return nil, nil, false
		}
		key, value = text[1:1+end], text[2+end:]
		if len(value) == 0 || value[0] != ':' {
			return nil, nil, false
		}
		value = value[1:]
	case isWord(c):
		colon := bytes.IndexByte(text, ':')
		if colon < 0 || bytes.ContainsAny(text[:colon], " \t#") {
			return nil, nil, false
		}
		key, value = text[:colon], text[colon+1:]
	default:
		return nil, nil, false
	}
	if len(value) > 0 && value[0] != ' ' {
		return nil, nil, false
	}
	value = bytes.Trim(value, " ")
	if len(value) > 0 && value[0] == '#' {
		value = nil
	}
	return key, value, true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '/'
}

// isPlain says whether a scalar means what it looks like, in quotes or without.
func isPlain(text []byte) bool {
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return !bytes.ContainsAny(text[1:len(text)-1], "\"'\\\n")
	}
	if len(text) == 0 || !isWord(text[0]) || text[len(text)-1] == ':' || strings.EqualFold(string(text), "null") {
		return false
	}
	for _, c := range text {
		if !isWord(c) && !strings.ContainsRune("-+:~@%=&?#,", rune(c)) {
			return false
		}
	}
	return true
}

// unquote is a plain scalar without its quotes.
func unquote(text []byte) []byte {
	if text[0] == '"' || text[0] == '\'' {
		return text[1 : len(text)-1]
	}
	return text
}
