package upload

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
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
func TestVerifyDigestsParts(t *testing.T) {
	t.Parallel()
	const want = "dprnKBeTvp277+SZZCCorqjXcZq5oATLPJVABTZNiWg=-3"
	zip := func(text string) Zip {
		return Zip{Open: func() (Reader, error) { return memory{strings.NewReader(text)}, nil }, SHA256: store.Sum([]byte(text)), Size: int64(len(text))}
	}
	var copied strings.Builder
	sums, err := zip("aaaabbbbc").Verify(t.Context(), &copied, 4)
	if err != nil || sums.Composite() != want || copied.String() != "aaaabbbbc" {
		t.Errorf("got %s and the bytes %q, %v; want %s", sums.Composite(), &copied, err, want)
	}
	for text, parts := range map[string]int{"aaaabbbb": 2, "aaaa": 0, "aaa": 0} {
		if sums, err := zip(text).Verify(t.Context(), io.Discard, 4); err != nil || len(sums) != parts {
			t.Errorf("%q in parts of 4 has %d digests, %v; want %d", text, len(sums), err, parts)
		}
	}
	if got := (Sums)(nil).Composite(); got != "" {
		t.Errorf("no parts: got %q, want none", got)
	}
	for name, other := range map[string]string{"longer": "aaaabbbbcc", "shorter": "aaaabbbb", "another": "aaaabbbbd"} {
		announced := zip("aaaabbbbc")
		announced.Open = zip(other).Open
		_, err := announced.Verify(t.Context(), io.Discard, 4)
		if wrong, ok := errors.AsType[*DigestError](err); !ok || wrong.Want != announced.SHA256 || wrong.Got != store.Sum([]byte(other)) {
			t.Errorf("%s: got %v, want a DigestError with both digests", name, err)
		}
	}
}

type memory struct{ *strings.Reader }

func (memory) Close() error { return nil }
