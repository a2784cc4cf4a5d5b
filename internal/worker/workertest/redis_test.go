package workertest

import "testing"

func TestInMemoryRecords(t *testing.T) { TestRecords(t, inMemory) }

func TestInMemoryDeliveries(t *testing.T) { TestDeliveries(t, inMemory) }

func inMemory(t *testing.T) Records {
	r := NewRedis()
	if _, err := r.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return Records{
		Journal: r, Another: r.Journal, Process: r.Process, Add: r.Add, Delete: r.Delete, Drop: r.Drop, Flush: r.Flush, Forget: r.Forget,
		Controls: r.Controls, Send: r.Send,
	}
}
