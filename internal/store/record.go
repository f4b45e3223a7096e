package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// GetRecord returns the record of a key and when it was written, to the second.
// The error of an absent record matches fs.ErrNotExist; a torn or edited
// record is absent. bucket is a folder name: letters, digits and hyphens.
func (s *Store) GetRecord(bucket, key string) (body []byte, written time.Time, err error) {
	path, err := s.recordPath(bucket, key)
	if err != nil {
		return nil, time.Time{}, err
	}
	if s.distrust != "" {
		return nil, time.Time{}, fmt.Errorf("reading record in %q: %w: %s", bucket, fs.ErrNotExist, s.distrust)
	}
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxRecord) {
		err = fmt.Errorf("%w: it is not a file of at most %d bytes", fs.ErrNotExist, int64(maxRecord))
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading record in %q: %w", bucket, err)
	}
	leave := s.files.enter()
	raw, err := os.ReadFile(path)
	leave()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading record in %q: %w", bucket, err)
	}
	body, written, ok := s.key.open(bucket, key, raw)
	if !ok {
		return nil, time.Time{}, fmt.Errorf("reading record in %q: %w: the file is damaged", bucket, fs.ErrNotExist)
	}
	touch(path, info)
	return body, written, nil
}

// maxRecord bounds a record, in bytes: the largest are short forms of documents.
const maxRecord = 256 << 20

// PutRecord stores the record of a key in place of any older one. Records only save
// time: where the cache directory cannot be written at all, such as on a read-only
// mount, there is none afterwards, and no error.
func (s *Store) PutRecord(bucket, key string, body []byte) error {
	path, err := s.recordPath(bucket, key)
	if err != nil {
		return err
	}
	if s.distrust != "" {
		return nil // nobody would believe it
	}
	defer s.files.enter()()
	f, err := s.createTemp("record-")
	if unwritable(err) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(s.key.seal(bucket, key, body, time.Now()))
	err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o777))
	if err := publish(f, path, err); err != nil {
		return fmt.Errorf("writing record to cache directory %q: %w", s.dir, err)
	}
	return nil
}

func (s *Store) recordPath(bucket, key string) (string, error) {
	valid := func(r rune) bool {
		return r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z'
	}
	if bucket == "" || strings.TrimFunc(bucket, valid) != "" {
		return "", fmt.Errorf("naming record bucket %q: want lower-case letters, digits and hyphens", bucket)
	}
	name := s.key.name(bucket, key)
	return filepath.Join(s.root, "records", bucket, name[:2], name), nil
}

// Recall returns the answer to a question that the bucket remembers under the
// key and that is younger than age; else it asks, and remembers the answer.
// Answers are kept as JSON. A record that cannot be read, is dated in the future
// or is refused by usable (nil takes any) counts as none. An answer that cannot
// be remembered, such as in a read-only cache, is returned all the same.
func Recall[T any](s *Store, bucket, key string, age time.Duration, usable func(T) bool, ask func() (T, error)) (T, error) {
	if body, written, err := s.GetRecord(bucket, key); err == nil && isFresh(written, age) {
		var known T
		if json.Unmarshal(body, &known) == nil && (usable == nil || usable(known)) {
			return known, nil
		}
	}
	answer, err := ask()
	if err != nil {
		return answer, err
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return answer, fmt.Errorf("encoding what %q remembers: %w", bucket, err)
	}
	s.Note(bucket, key, body)
	return answer, nil
}

// resolvedAge is how long a resolution is remembered, so that a plan and its apply on
// one machine agree whatever happens on an index or a registry between.
const resolvedAge = time.Hour

// Resolved returns what a question was answered within the last hour; else it asks, and
// remembers the answer. The JSON of the question is digested.
func Resolved[T any](s *Store, question any, ask func() (*T, error)) (*T, error) {
	key, err := SumJSON(question)
	if err != nil {
		return nil, err
	}
	return Recall(s, "resolutions", key.Hex(), resolvedAge, func(answer *T) bool { return answer != nil }, ask)
}

// Note stores a record that only saves time later: that it cannot be written
// is no fault.
func (s *Store) Note(bucket, key string, body []byte) { _ = s.PutRecord(bucket, key, body) }

// unwritable reports whether an error says that nothing can be written: a read-only
// file system, or no permission.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// isFresh reports whether a moment is less than age ago. The clock may have
// been set back since: what is dated in the future is not fresh.
func isFresh(written time.Time, age time.Duration) bool {
	since := time.Since(written)
	return since >= -clockSkew && since < age
}

// clockSkew is how far the clocks of machines that share a cache may differ.
const clockSkew = 2 * time.Minute
