package index

import (
	"testing"
)

func TestFormerIndexIsToldByTheAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ index, file, want string }{
		{"https://pypi.org/simple", "https://files.pythonhosted.org/packages/a/a-1.0-py3-none-any.whl", "https://pypi.org/simple"},
		{"https://x.example/root/pypi/+simple/", "https://x.example/root/pypi/+f/a-1.0-py3-none-any.whl", "https://x.example/root/pypi/+simple/"},
		{"https://x.example/api/pypi/simple/", "https://x.example/generic/a-1.0-py3-none-any.whl", ""},
		{"https://x.example/simple/", "https://y.example/a-1.0-py3-none-any.whl", ""},
		{"https://x.example/simple/", "https://files.pythonhosted.org/packages/a/a-1.0-py3-none-any.whl", ""},
	} {
		p := &Page{Asked: []string{c.index}}
		if got := p.former(c.file); got != c.want {
			t.Errorf("former(%q) of the index %q = %q, want %q", c.file, c.index, got, c.want)
		}
	}
}
