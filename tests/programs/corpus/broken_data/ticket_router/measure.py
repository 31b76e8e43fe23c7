import torch
from torch.utils.data import DataLoader, random_split

from net import TicketNet
from tickets import Collate, Tickets

saved = torch.load("ticket_net.pt")
tickets = Tickets("export/tickets.csv")
n_test = len(tickets) // 5
_, test = random_split(tickets, [len(tickets) - n_test, n_test])  # <- split_drawn_again_for_the_checkpoint

model = TicketNet(len(saved["vocab"]), len(saved["queues"]))
model.load_state_dict(saved["model"])
model.eval()

loader = DataLoader(test, 64, collate_fn=Collate(saved["vocab"]), drop_last=True)  # <- ragged_batch_dropped_in_evaluation
hits = n = 0
with torch.no_grad():
    for x, lengths, y in loader:
        hits += (model(x, lengths).argmax(1) == y).sum().item()
        n += len(y)
print(f"accuracy on held-out tickets: {hits / n:.4f}")
