package jsonscan

import (
	"errors"
	"testing"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	other := errors.New("no object")
	for _, c := range []struct {
		text string
		err  error
		want string
	}{
		{"{\"a\": 1,}", nil, "line 1, column 9: invalid character '}' looking for beginning of object key string"},
		{"{\r\n  \"é\": \"ü\" \"b\"\r\n}", other, "line 2, column 12: invalid character '\"' after object key:value pair"},
		{"{\n\n// why\n\"a\": 1}", nil, "line 3, column 1: invalid character '/' looking for beginning of object key string"},
		{"{\"a\": [1, 2", other, "it ends before it is complete"},
		{"", nil, "it ends before it is complete"},
		{"[]", other, "no object"},
		{"{}", nil, ""},
	} {
		if got := Explain([]byte(c.text), c.err); got != c.want {
			t.Errorf("Explain(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}
