// Command service is what the tests run in a container. It answers with its
// arguments, a variable and a file, and ends when it is told to.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
)

func main() {
	fmt.Println("out: listening")
	fmt.Fprintln(os.Stderr, "err: listening")
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		body, err := os.ReadFile("/opt/deep/file")
		fmt.Fprintf(w, "%s %s %s %v", strings.Join(os.Args[1:], ","), os.Getenv("GIVEN"), body, err)
	})
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	if err := http.ListenAndServe(":8080", nil); err != nil { //nolint:gosec // a test
		os.Exit(1)
	}
}
