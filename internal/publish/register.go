package publish

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Register calls see with the register of the layer with the ARN, and keeps what
// see makes of it where it returns true. Nobody else changes it meanwhile: see
// may call AWS. An error is that of see, or of a register that cannot be kept.
func (p *Publisher) Register(ctx context.Context, layerARN string, see func(*lifecycle.Register) (changed bool, err error)) error {
	r := &p.registers
	mine := r.slot(layerARN)
	mine.mu.Lock()
	defer mine.mu.Unlock()
	files := r.open()
	if files == nil {
		mine.register.ID = cmp.Or(mine.register.ID, rand.Text())
		_, err := see(&mine.register)
		return err
	}
	unlock, err := files.Lock(ctx, "register/"+layerARN)
	if err != nil {
		return fmt.Errorf("opening the register of %s: %w", layerARN, err)
	}
	err = r.update(layerARN, mine, see, func(holder string) bool { return p.over(ctx, holder) })
	return errors.Join(err, unlock())
}

func (r *registers) slot(layerARN string) *slot {
	kept, _ := r.slots.LoadOrStore(layerARN, &slot{})
	s, _ := kept.(*slot)
	return s
}

// open makes the folder at the first use. It returns nil on a machine without a
// usable cache, which keeps its registers in memory.
func (r *registers) open() *store.Store {
	r.once.Do(func() {
		if r.dir == "" {
			return
		}
		opened, err := store.Open(r.dir)
		if err == nil && os.MkdirAll(r.folder(), 0o777) == nil {
			r.store = opened
		}
	})
	return r.store
}

func (r *registers) folder() string { return filepath.Join(r.dir, "v1", "registers") }

// Witnesses returns what this run knows of a layer in all regions, and of layers
// with a version that several resources point at, by the ARN of the layer.
func (p *Publisher) Witnesses(ctx context.Context, layer string) (map[string]lifecycle.Witness, error) {
	all := map[string]lifecycle.Witness{}
	for _, layerARN := range p.Layers() {
		arn, _ := ParseLayerARN(layerARN)
		err := p.Register(ctx, layerARN, func(register *lifecycle.Register) (bool, error) {
			if w := register.Witness(""); w.Shares() || arn.Name == layer {
				all[layerARN] = w
			}
			return false, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Layers returns the ARNs of the layers whose registers this run has read.
func (p *Publisher) Layers() []string {
	var layers []string
	p.registers.slots.Range(func(layerARN, _ any) bool {
		name, _ := layerARN.(string)
		layers = append(layers, name)
		return true
	})
	slices.Sort(layers)
	return layers
}

// update reads, changes and writes one register. The lock is held. What holds
// for this run alone is kept in memory.
func (r *registers) update(layerARN string, mine *slot, see func(*lifecycle.Register) (bool, error), over func(string) bool) error {
	file := filepath.Join(r.folder(), store.Sum([]byte(layerARN)).Hex()+".json")
	register := &lifecycle.Register{}
	body, err := filetree.ReadDocument(file)
	_, tooLong := errors.AsType[*filetree.LimitError](err)
	if tooLong || err == nil && json.Unmarshal(body, register) != nil {
		register = &lifecycle.Register{} // of another release, or not ours: what runs see fills it again
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the register of %s: %w", layerARN, err)
	}
	swept := register.Sweep(over)
	register.ID = cmp.Or(register.ID, rand.Text())
	register.Run = mine.register.Run
	changed, err := see(register)
	mine.register.Run = register.Run
	if !changed && !swept {
		return err
	}
	body, encodeErr := json.Marshal(register)
	if encodeErr == nil {
		encodeErr = r.store.Replace(file, body)
	}
	if encodeErr != nil {
		return errors.Join(err, fmt.Errorf("writing the register of %s: %w", layerARN, encodeErr))
	}
	return err
}

// point registers that an apply of the holder has got to a version. Of one that
// was there before, it reports whether a run was cut when it published it: then
// it is the holder's own.
func (p *Publisher) point(ctx context.Context, r Request, v Version, found bool) (own bool, err error) {
	if r.Holder == "" {
		return !found, nil
	}
	own = !found
	err = p.Register(ctx, v.LayerARN, func(register *lifecycle.Register) (bool, error) {
		if found && register.Claim(r.Holder, r.Zip.SHA256.Base64(), v.Number, func(holder string) bool { return p.over(ctx, holder) }) {
			own = true
		}
		if found {
			register.Intend(lifecycle.Intent{Holder: r.Holder, Creating: r.Creating})
		}
		register.Reach(r.Holder, lifecycle.Version{Number: v.Number, Created: lifecycle.Date(v.CreatedDate)})
		return true, nil
	})
	return own, err
}

// intend registers that a version above a number is about to be published. That
// is only possible where the account is known.
func (p *Publisher) intend(ctx context.Context, r Request, region string, above int64) error {
	if r.Holder == "" {
		return nil
	}
	layerARN := r.LayerARN
	if caller, err := p.Caller(ctx, region); layerARN == "" && err == nil && caller.AccountID != "" {
		layerARN = LayerVersionARN{Partition: caller.Partition, Region: region, AccountID: caller.AccountID, Name: r.LayerName}.LayerARN()
	}
	if layerARN == "" {
		return nil
	}
	return p.Register(ctx, layerARN, func(register *lifecycle.Register) (bool, error) {
		register.Intend(lifecycle.Intent{Holder: r.Holder, Creating: r.Creating, Bytes: r.Zip.SHA256.Base64(), Above: above})
		return true, nil
	})
}

// Begin marks the run of a holder as going on, until end is called or the
// process is over.
func (p *Publisher) Begin(ctx context.Context, holder string) (end func() error, err error) {
	files := p.registers.open()
	if files == nil {
		return func() error { return nil }, nil
	}
	return files.Lock(ctx, "run/"+holder)
}

// over reports whether no run of the holder goes on, so far as that can be told:
// what memory has is of this run.
func (p *Publisher) over(ctx context.Context, holder string) bool {
	if p.registers.open() == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	end, err := p.Begin(ctx, holder)
	if err != nil {
		return false
	}
	return end() == nil
}
