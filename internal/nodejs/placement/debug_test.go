package placement

import (
	"fmt"
	"os"
	"testing"
)

func TestDebug(t *testing.T) {
	name := os.Getenv("CASE")
	debug = func(f string, a ...any) { fmt.Printf(f+"\n", a...) }
	for _, file := range []string{"cases", "cases-random", "cases-endless"} {
		for _, c := range readRecorded(t, "testdata/"+file+".jsonl.gz") {
			if c.Name == name {
				tree, err := Place(t.Context(), c.shop(t), c.project(t), options(&c))
				for _, l := range treeLines(tree, err) {
					fmt.Println("  ", l)
				}
			}
		}
	}
}
