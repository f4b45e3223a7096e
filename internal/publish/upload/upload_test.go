package upload

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// A denied call says what it needs; a role that is denied is not one of S3.
func TestFaultNamesThePermission(t *testing.T) {
	t.Parallel()
	for named, want := range map[string]string{"s3:PutObject": "s3:PutObject and more", "sts:AssumeRole": "sts:AssumeRole"} {
		u := &Upload{Explain: func(err error) error { return &awsclient.AccessDeniedError{Action: named} }}
		err := u.Fault("putting x", "s3:PutObject and more", errors.New("no"))
		var denied *awsclient.AccessDeniedError
		if !errors.As(err, &denied) || denied.Action != want || !strings.HasPrefix(err.Error(), "putting x: ") {
			t.Errorf("%s: got %v, want the permission %s", named, err, want)
		}
	}
}

// The digest is that of Python's hashlib over the binary digests of "aaaa",
// "bbbb" and "c".
func TestPartSums(t *testing.T) {
	t.Parallel()
	const want = "dprnKBeTvp277+SZZCCorqjXcZq5oATLPJVABTZNiWg=-3"
	for _, pieces := range [][]string{{"aaaabbbbc"}, {"a", "aaabb", "bb", "", "c"}, {"aaaa", "bbbb", "c"}} {
		digests := newPartSums(4)
		for _, piece := range pieces {
			if n, err := io.WriteString(digests, piece); err != nil || n != len(piece) {
				t.Fatalf("writing %q: %d, %v", piece, n, err)
			}
		}
		if got := digests.sums().Composite(); got != want {
			t.Errorf("%q: got %s, want %s", pieces, got, want)
		}
	}
	whole := newPartSums(4)
	if _, err := whole.Write([]byte("aaaabbbb")); err != nil {
		t.Fatal(err)
	}
	if n := len(whole.sums()); n != 2 {
		t.Errorf("8 bytes in parts of 4 have %d digests, want 2", n)
	}
	if got := (Sums)(nil).Composite(); got != "" {
		t.Errorf("no parts: got %q, want none", got)
	}
}

func TestSection(t *testing.T) {
	t.Parallel()
	s := &section{zip: strings.NewReader("0123456789"), from: 3, length: 4}
	for range 2 {
		if got, err := io.ReadAll(s); err != nil || string(got) != "3456" {
			t.Errorf("read %q, %v; want 3456", got, err)
		}
		if at, err := s.Seek(-4, io.SeekCurrent); err != nil || at != 0 {
			t.Errorf("seeking back: %d, %v; want 0", at, err)
		}
	}
	if at, err := s.Seek(-1, io.SeekEnd); err != nil || at != 3 {
		t.Errorf("seeking to the last byte: %d, %v; want 3", at, err)
	}
	if got, err := io.ReadAll(s); err != nil || string(got) != "6" {
		t.Errorf("read %q, %v; want 6", got, err)
	}
	if _, err := s.Seek(-1, io.SeekStart); err == nil {
		t.Error("seeking before the beginning went well")
	}
}
