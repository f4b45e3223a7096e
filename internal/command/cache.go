package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// cacheCommand looks after the folder of fetched and built files.
type cacheCommand struct {
	Dir string `placeholder:"FOLDER" help:"Cache in place of LAYERBUILD_CACHE_DIR or the user's."`

	Size   cacheSize   `cmd:"" help:"Print its size."`
	Trim   cacheTrim   `cmd:"" help:"Remove files that were not used for long, or the least used above a size."`
	Verify cacheVerify `cmd:"" help:"Check every file against its digest, and remove damaged ones."`
	Clear  cacheClear  `cmd:"" help:"Remove everything."`
}

// open returns the cache and its folder.
func (c *cacheCommand) open() (*store.Store, error) {
	dir := c.Dir
	if dir == "" {
		dir = provider.CacheDir()
	}
	return store.Open(dir)
}

type cacheSize struct{}

// cacheUse is what a cache holds.
type cacheUse struct {
	Dir   string `json:"dir"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

func (cacheSize) Run(l *line, out *output) error {
	s, err := l.Cache.open()
	if err != nil {
		return err
	}
	use := cacheUse{Dir: s.Dir()}
	err = filepath.WalkDir(s.Dir(), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another run removed it
		}
		if err != nil {
			return err
		}
		use.Files++
		use.Bytes += info.Size()
		return nil
	})
	if err != nil {
		return fmt.Errorf("measuring the cache: %w", err)
	}
	return out.print(use, []string{fmt.Sprintf("%s\t%d files\t%d bytes", use.Dir, use.Files, use.Bytes)})
}

type cacheTrim struct {
	Age   time.Duration `default:"720h" help:"Remove files that were not used for this time."`
	Bytes int64         `help:"Remove the least recently used files until at most so many bytes remain."`
}

func (c cacheTrim) Run(ctx context.Context, l *line, out *output) error {
	s, err := l.Cache.open()
	if err != nil {
		return err
	}
	done, err := s.Trim(ctx, c.Bytes, c.Age)
	if err != nil {
		return err
	}
	return out.print(done, []string{fmt.Sprintf("%d files with %d bytes removed, %d files with %d bytes kept", done.Removed, done.Freed, done.Kept, done.Bytes)})
}

type cacheVerify struct{}

func (cacheVerify) Run(ctx context.Context, l *line, out *output) error {
	s, err := l.Cache.open()
	if err != nil {
		return err
	}
	checked, damaged := 0, []string{}
	err = s.Each(func(d store.Digest) error {
		checked++
		err := s.Verify(ctx, d)
		if _, corrupt := errors.AsType[*store.CorruptError](err); corrupt {
			damaged = append(damaged, d.Hex())
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("checking the cache: %w", err)
	}
	lines := []string{fmt.Sprintf("%d files checked, %d damaged and removed", checked, len(damaged))}
	if err := out.print(map[string]any{"checked": checked, "damaged": damaged}, append(lines, damaged...)); err != nil {
		return err
	}
	if len(damaged) > 0 {
		return errFound
	}
	return nil
}

type cacheClear struct{}

func (cacheClear) Run(l *line, out *output) error {
	s, err := l.Cache.open()
	if err != nil {
		return err
	}
	if err := s.Clear(); err != nil {
		return err
	}
	return out.print(map[string]any{"dir": s.Dir()}, []string{"cleared " + s.Dir()})
}
