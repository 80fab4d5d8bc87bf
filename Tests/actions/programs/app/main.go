// Program app prints a greeting as JSON. The workflow CI builds it with the actions.
package main

import (
	"encoding/json"
	"os"
)

func main() {
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"greeting": "hello"}); err != nil {
		os.Exit(1)
	}
}
