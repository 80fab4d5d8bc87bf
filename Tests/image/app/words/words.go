// Package words is one that no module cache holds.
package words

// World is whom to greet.
const World = "world"
