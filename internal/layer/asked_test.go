package layer

import (
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
)

func TestAsked(t *testing.T) {
	t.Parallel()
	l := resolve(t, newBuilder(t, indextest.New(t, universe)), appSpec(t), nil)
	l.NodeJS = &nodejs.Lock{Direct: []string{"lodash"}}
	if got, want := l.Asked(), []string{"python:app", "nodejs:lodash"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeLock(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := read.Asked(), l.Asked(); !slices.Equal(got, want) {
		t.Errorf("from its text: %v, want %v", got, want)
	}
	if got := (&Lock{}).Asked(); got != nil {
		t.Errorf("an empty lock asks for %v", got)
	}
}
