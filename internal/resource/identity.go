package resource

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
)

// CheckKind says why no cluster could serve a kind of this name, or nothing. This
// and CheckAPIVersion are what the API server asks of a CustomResourceDefinition;
// the words end up in tracking ids and keys, which a colon or slash would confuse.
func CheckKind(kind string) string {
	if validation.IsDNS1035Label(strings.ToLower(kind)) != nil {
		return "kind " + Shown(kind) + " is no kind: letters, digits and dashes"
	}
	return ""
}

// CheckAPIVersion says why no cluster could serve an API version, or nothing.
func CheckAPIVersion(apiVersion string) string {
	group, version, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group, version = "", group
	}
	switch {
	case strings.Contains(version, "/"), grouped && group == "", version == "":
		return "apiVersion " + Shown(apiVersion) + " is neither VERSION nor GROUP/VERSION"
	case validation.IsDNS1035Label(version) != nil:
		return "apiVersion " + Shown(apiVersion) + " has no valid version: lower case letters, digits and dashes"
	case grouped && validation.IsDNS1123Subdomain(group) != nil:
		return "apiVersion " + Shown(apiVersion) + " has no valid group: lower case letters, digits, dashes and dots"
	}
	return ""
}

// CheckName says why no object can have the name, or nothing. Names of RBAC
// objects may hold nearly everything; what else a kind asks is for the API server
// to say.
func CheckName(name string) string {
	if problems := content.IsPathSegmentName(name); problems != nil {
		return problems[0]
	}
	if strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return "holds a control character: " + Shown(name)
	}
	if len(name) > validation.DNS1123SubdomainMaxLength {
		return fmt.Sprintf("has %d characters, %d are allowed", len(name), validation.DNS1123SubdomainMaxLength)
	}
	return ""
}

// maxShown is how much of a name an error repeats, in bytes.
const maxShown = 80

// Shown is a stranger's name as an error repeats it: quoted, and not all of it
// when it is long.
func Shown(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return strconv.Quote(s)
}
