package fetch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestTailAndRange(t *testing.T) {
	t.Parallel()
	const name = "a-1-py3-none-any.whl"
	for _, c := range []struct {
		name   string
		option []indextest.Option
		whole  bool
	}{
		{"ranges", nil, false},
		{"no ranges", []indextest.Option{indextest.WithoutRanges()}, true},
		{"no suffix ranges", []indextest.Option{indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.Header.Get("Range"), "bytes=-") {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}
			return false
		})}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := indextest.New(t, "a 1\n", c.option...)
			content, _ := i.Wheel(name)
			client := newClient(t)
			part, err := client.Tail(t.Context(), i.FileURL(name), 50)
			if err != nil {
				t.Fatal(err)
			}
			want := Part{Data: content[len(content)-50:], Offset: int64(len(content) - 50), Total: int64(len(content))}
			if c.whole {
				want.Data, want.Offset = content, 0
			}
			if string(part.Data) != string(want.Data) || part.Offset != want.Offset || part.Total != want.Total {
				t.Errorf("part = %d bytes at %d of %d, want %d at %d of %d",
					len(part.Data), part.Offset, part.Total, len(want.Data), want.Offset, want.Total)
			}
			part, err = client.Tail(t.Context(), i.FileURL(name), 1<<20)
			if err != nil || string(part.Data) != string(content) || part.Offset != 0 {
				t.Errorf("tail longer than the file = %+v, %v", part, err)
			}
			got, err := client.Range(t.Context(), i.FileURL(name), 10, 20)
			if err != nil || string(got) != string(content[10:30]) {
				t.Errorf("range = %q, %v, want %q", got, err, content[10:30])
			}
			if _, err := client.Range(t.Context(), i.FileURL(name), int64(len(content))-5, 20); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("range beyond the end: err = %v", err)
			}
			if _, err := client.Range(t.Context(), i.FileURL(name)+"x", 0, 1); !IsNotFound(err) {
				t.Errorf("range of an absent file: err = %v", err)
			}
			if _, err := client.Range(t.Context(), i.FileURL(name), -1, 1); err == nil {
				t.Error("negative offset gave no error")
			}
			if _, err := client.Tail(t.Context(), i.FileURL(name), 0); err == nil {
				t.Error("empty tail gave no error")
			}
		})
	}
}

func TestAnswersWithAnotherRangeAreRefused(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "bytes 0-9/*", "bytes 9-0/10", "bytes 0-9/10", "bytes */10", "items 5-9/10", "bytes 0-4/4"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if header != "" {
				w.Header().Set("Content-Range", header)
			}
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, "01234")
		})
		if part, err := newClient(t).Tail(t.Context(), server.URL, 5); err == nil {
			t.Errorf("Content-Range %q gave %+v", header, part)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 0-9/10")
	f.Add("bytes 9-0/*")
	f.Fuzz(func(t *testing.T, value string) {
		defer indextest.Budget(t, len(value))()
		r, ok := contentRange(http.Header{"Content-Range": {value}})
		if ok && (r.first < 0 || r.last < r.first || r.total <= r.last) {
			t.Errorf("contentRange(%q) = %+v", value, r)
		}
	})
}
