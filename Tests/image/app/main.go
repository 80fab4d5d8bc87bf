// Greets: a program with its own package, two modules and a part of the standard library.
package main

import (
	"encoding/json"
	"os"

	"example.com/app/words"
	"example.com/greeting"
)

func main() {
	json.NewEncoder(os.Stdout).Encode(greeting.To(words.World))
}
