// Package shout has an upper-case letter in its path, which Go's caches write as `!u`.
package shout

import "strings"

// It says it loudly.
func It(text string) string { return strings.ToUpper(text) + "!" }
