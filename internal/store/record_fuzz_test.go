package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// FuzzRecord holds that any file is read as a record or not at all, and that a
// record is read as it was written.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("1700000000 00000000 1\nx"), []byte("body"))
	f.Add(recordKey("").seal("b", "k", []byte("x"), time.Unix(1, 0)), []byte("\n"))
	f.Fuzz(func(t *testing.T, raw, body []byte) {
		defer indextest.Budget(t, len(raw)+len(body))()
		_, _, _ = recordKey("").open("b", "k", raw)
		now := time.Unix(1_700_000_000, 0)
		got, written, ok := recordKey("").open("b", "k", recordKey("").seal("b", "k", body, now))
		if !ok || !bytes.Equal(got, body) || !written.Equal(now) {
			t.Errorf("%q is read as %q of %s, %t", body, got, written, ok)
		}
		if _, _, ok := recordKey("").open("b", "other", recordKey("").seal("b", "k", body, now)); ok {
			t.Error("a record is read under another key")
		}
	})
}
