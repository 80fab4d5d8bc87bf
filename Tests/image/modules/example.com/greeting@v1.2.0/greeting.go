// Package greeting embeds a file, so the module's tree is needed and not only its compiled package.
package greeting

import (
	_ "embed"
	"strings"
	"text/template"

	"example.com/Upper/shout"
)

//go:embed templates/greeting.txt
var text string

// A Greeting is what is said, and how often.
type Greeting struct {
	Text  string
	Times int
}

// To greets somebody.
func To(name string) Greeting {
	var out strings.Builder
	template.Must(template.New("greeting").Parse(text)).Execute(&out, name)
	return Greeting{Text: shout.It(strings.TrimSpace(out.String())), Times: 1}
}
