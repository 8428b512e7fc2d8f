package call

import "context"

// Method is a method of the pool's workers, by its dotted name. [Pool.Method]
// makes it. The zero value cannot be called.
type Method struct {
	pool *Pool
	name string
}

// Method returns the method with that name. Method("account.balance") and, like
// the dots of toto, Method("account").Method("balance") return the same method.
func (p *Pool) Method(name string) Method { return Method{pool: p, name: name} }

// Method returns the method with that name below m: its dotted name is m's
// name, a dot and name.
func (m Method) Method(name string) Method { return m.pool.Method(m.name + "." + name) }

// Name returns the dotted name.
func (m Method) Name() string { return m.name }

// Invoke calls the method with [Pool.Invoke].
func (m Method) Invoke(ctx context.Context, params any, options ...Option) (Result, error) {
	return m.pool.Invoke(ctx, m.name, params, options...)
}

// Go starts a call of the method with [Pool.Go].
func (m Method) Go(ctx context.Context, params any, options ...Option) *Future {
	return m.pool.Go(ctx, m.name, params, options...)
}
