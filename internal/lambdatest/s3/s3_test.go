package s3

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestUnchunk(t *testing.T) {
	t.Parallel()
	body, trailer, err := unchunk([]byte("5;chunk-signature=00\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"))
	if err != nil || string(body) != "hello!" || trailer.Get("X-Amz-Checksum-Crc32") != "AAAA" {
		t.Errorf("got %q, %v, %v", body, trailer, err)
	}
	for _, broken := range []string{"", "x\r\n", "5\r\nhell", "-1\r\n", "5\r\nhello"} {
		if _, _, err := unchunk([]byte(broken)); err == nil {
			t.Errorf("unchunk(%q) finds no error", broken)
		}
	}
}

func FuzzUnchunk(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"))
	f.Add([]byte("5;chunk-signature=00\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		defer indextest.Budget(t, len(encoded))()
		body, _, err := unchunk(encoded)
		if err == nil && len(body) > len(encoded) {
			t.Errorf("%d bytes became %d", len(encoded), len(body))
		}
	})
}
