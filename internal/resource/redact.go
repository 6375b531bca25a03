package resource

import "regexp"

// userinfo is what may stand before the host of a URL, with its scheme. People
// paste passwords as they are, so a slash, a hash or an at sign does not end one:
// where a colon comes that begins no port, or one that does and an at sign
// later, all up to the last at sign is taken for a password. In doubt a harmless
// address is cut short.
var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#@:]*:\S*@|[^\s/?#]*@)`)

// bareUserinfo is the same without a scheme, as in user:password@host. The user of
// an SSH address, git@host:path, is no secret.
var bareUserinfo = regexp.MustCompile(`^[^\s/?#@:]+:[^\s/]\S*@`)

// WithoutCredentials is text without user and password of any URL in it. What is
// no URL, and no user and password before a host at its beginning, stays.
func WithoutCredentials(text string) string {
	return bareUserinfo.ReplaceAllString(userinfo.ReplaceAllString(text, "$1"), "")
}
