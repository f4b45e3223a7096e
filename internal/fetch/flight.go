package fetch

import (
	"context"
	"sync"
)

// flights lets callers that want the same thing at the same time share the work
// of the first. The work ends early only when all of them have left.
type flights[T any] struct {
	mu    sync.Mutex
	calls map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{} // closed when value and err are set
	cancel  context.CancelFunc
	waiting int
	value   T
	err     error
}

// do returns what work returns, to all callers with the key while it is under
// way. When the last caller's context ends, work is cancelled and awaited.
func (g *flights[T]) do(ctx context.Context, key string, work func(context.Context) (T, error)) (T, error) {
	g.mu.Lock()
	f, joined := g.calls[key]
	if !joined {
		workCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight[T]{done: make(chan struct{}), cancel: cancel}
		if g.calls == nil {
			g.calls = map[string]*flight[T]{}
		}
		g.calls[key] = f
		go g.run(workCtx, key, f, work)
	}
	f.waiting++
	g.mu.Unlock()

	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
	}
	if g.leave(key, f) {
		<-f.done
	}
	var none T
	return none, context.Cause(ctx)
}

func (g *flights[T]) run(ctx context.Context, key string, f *flight[T], work func(context.Context) (T, error)) {
	defer f.cancel()
	f.value, f.err = work(ctx)
	g.mu.Lock()
	g.forget(key, f)
	g.mu.Unlock()
	close(f.done)
}

// leave gives up the wait of one caller and reports whether it was the last.
func (g *flights[T]) leave(key string, f *flight[T]) (last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f.waiting--
	if f.waiting > 0 {
		return false
	}
	g.forget(key, f)
	f.cancel()
	return true
}

// forget frees the key, unless a later flight has taken it; mu is held.
func (g *flights[T]) forget(key string, f *flight[T]) {
	if g.calls[key] == f {
		delete(g.calls, key)
	}
}
