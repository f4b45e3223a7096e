package index

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// pages are pages of n files, by their content type.
var pages = map[string]func(n int) string{
	"application/vnd.pypi.simple.v1+json": func(n int) string {
		var b strings.Builder
		b.WriteString(`{"meta":{"api-version":"1.1"},"name":"a","files":[`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"filename":"a-%d-py3-none-any.whl","url":"u","hashes":{}}`, i)
		}
		return b.String() + "]}"
	},
	"text/html": func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<a href="a-%d-py3-none-any.whl">a</a>`, i)
		}
		return b.String()
	},
}

// TestPageThatRepeatsItself has the member "files" again and again: the last counts.
func TestPageThatRepeatsItself(t *testing.T) {
	text := `{"meta":{"api-version":"1.1"},"name":"a"` + strings.Repeat(`,"files":[]`, 300_000) +
		`,"files":[{"filename":"a-2-py3-none-any.whl","url":"u","hashes":{}}]}`
	indextest.Promptly(t, len(text), func() {
		files, err := parseSimpleJSON([]byte(text))
		if err != nil || len(files) != 1 || files[0].Filename != "a-2-py3-none-any.whl" {
			t.Errorf("got %+v, %v, want the last file", files, err)
		}
	})
}

// TestPagesOfManyFiles reads as many as may be in linear time, and no more.
func TestPagesOfManyFiles(t *testing.T) {
	for kind, write := range pages {
		text := write(filetree.MaxPageFiles)
		indextest.Promptly(t, len(text), func() {
			if short, err := distillPage([]byte(text), kind); err != nil || len(short) == 0 {
				t.Errorf("%s: %v", kind, err)
			}
		})
		_, err := distillPage([]byte(write(filetree.MaxPageFiles+1)), kind)
		limit, ok := errors.AsType[*filetree.LimitError](err)
		if !ok || limit.Limit != filetree.MaxPageFiles || !strings.Contains(err.Error(), "the page has 150001 files or more, and 150000 are read at most") {
			t.Errorf("%s: %v, want a *LimitError", kind, err)
		}
	}
}
