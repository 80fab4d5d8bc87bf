// Program words prints a greeting from a template. The workflow CI builds it with the actions.
package main

import (
	"os"
	"text/template"
)

func main() {
	if err := template.Must(template.New("").Parse("hello, {{.}}\n")).Execute(os.Stdout, "world"); err != nil {
		os.Exit(1)
	}
}
