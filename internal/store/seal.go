package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

// MinKey is how many bytes the key of a cache must have at least.
const MinKey = 16

// SignRecords makes the store believe only records that a store with the same key
// wrote, each under its own name: the folder may be written by others then. Records
// of other keys, and of none, are left where they are. It is called before the store
// is used. A key of fewer than [MinKey] bytes is an error, which does not show it.
func (s *Store) SignRecords(key string) error {
	if len(key) < MinKey {
		return fmt.Errorf("signing the records of the cache: the key has %d bytes for at least %d", len(key), MinKey)
	}
	s.key = recordKey(key)
	return nil
}

// Signs reports whether records are signed: then one that is found was written by a
// store with the same key.
func (s *Store) Signs() bool { return s.key != "" }

// recordKey signs records (HMAC with SHA-256, RFC 2104). Without a key they have a
// CRC-32C, which guards against torn writes and slips, and stops no attacker.
type recordKey string

// name returns the file name of a record. Each key has its own names, so that
// nobody without the key replaces a record by writing one himself.
func (k recordKey) name(bucket, key string) string {
	if k == "" {
		return Sum([]byte(key)).Hex()
	}
	return k.mac("name", bucket, key, nil)
}

// seal returns one line, then the body. The line is the time in Unix seconds, and a
// sum over the time, the name of the record and its body.
func (k recordKey) seal(bucket, key string, body []byte, written time.Time) []byte {
	at := strconv.FormatInt(written.Unix(), 10)
	line := at + " " + k.sum(bucket, key, at, body) + "\n"
	return append([]byte(line), body...)
}

func (k recordKey) open(bucket, key string, raw []byte) (body []byte, written time.Time, ok bool) {
	line, body, found := bytes.Cut(raw, []byte("\n"))
	if !found {
		return nil, time.Time{}, false
	}
	at, sum, _ := strings.Cut(string(line), " ")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !hmac.Equal([]byte(k.sum(bucket, key, at, body)), []byte(sum)) {
		return nil, time.Time{}, false
	}
	return body, time.Unix(seconds, 0), true
}

func (k recordKey) sum(bucket, key, at string, body []byte) string {
	if k != "" {
		return k.mac(at, bucket, key, body)
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Checksum([]byte(at+"\n"+bucket+"\n"+key+"\n"), table)
	return fmt.Sprintf("%08x %d", crc32.Update(sum, table, body), len(body))
}

// mac covers the length of each part, so that no two records have the same bytes.
func (k recordKey) mac(what, bucket, key string, body []byte) string {
	h := hmac.New(sha256.New, []byte(k))
	for _, part := range []string{what, bucket, key} {
		_, _ = fmt.Fprintf(h, "%d %s\n", len(part), part) // a hash takes all
	}
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
