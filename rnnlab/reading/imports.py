"""Imports: files of the program are run, libraries are names, and what is missing is a gap where it matters."""

from __future__ import annotations

import ast
import sys
from typing import Any

from rnnlab.reading.files import find_module
from rnnlab.reading.running import Frame, Run
from rnnlab.reading.values import File, Library, Scoped, Unknown, Value

# What a text classifier's imports may be without being files of its own.
KNOWN = frozenset(
    """torch torchtext torchvision torchaudio torchmetrics torchinfo torchsummary torchdata pytorch_lightning lightning
    ignite fastai skorch accelerate transformers tokenizers datasets evaluate sentencepiece huggingface_hub peft
    keras tensorflow tensorboard tensorboardX keras_preprocessing tflearn jax flax numpy np pandas scipy sklearn
    statsmodels matplotlib seaborn plotly bokeh wordcloud altair cv2 PIL skimage imageio nltk spacy gensim jieba
    textblob stanza flair allennlp pattern bs4 lxml html2text requests aiohttp urllib3 tqdm rich click typer fire
    absl yaml toml tomli omegaconf hydra ml_collections attr attrs pydantic dotenv joblib dill cloudpickle h5py
    tables pyarrow fastparquet openpyxl xlrd sqlalchemy psycopg2 pymongo wandb mlflow comet_ml neptune clearml
    optuna ray hyperopt skopt bayes_opt imblearn xgboost lightgbm catboost shap lime captum nlpaug textaugment emoji
    contractions unidecode langdetect spellchecker symspellpy inltk zemberek snowballstemmer pymorphy2 konlpy mecab
    MeCab janome fugashi underthesea pyvi pythainlp hazm camel_tools indicnlp opencc zhconv pypinyin kaggle gdown
    google IPython ipywidgets jupyter nbformat psutil GPUtil pynvml apex deepspeed horovod fairscale einops opacus
    thop fvcore torchcrf TorchCRF pytorch_crf seqeval sacrebleu rouge bert_score editdistance Levenshtein rapidfuzz
    fuzzywuzzy flask fastapi streamlit gradio uvicorn pytest hypothesis setuptools pkg_resources six future past
    mpi4py numba cython termcolor colorama prettytable tabulate texttable loguru coloredlogs ftfy regex ujson orjson
    jsonlines smart_open boto3 botocore azure networkx dgl torch_geometric faiss annoy umap hdbscan kneed
    yellowbrick mlxtend missingno pandas_profiling ydata_profiling swifter dask polars modin cudf cupy tweepy praw
    snscrape wikipedia newspaper torch_xla torch_optimizer adabelief_pytorch ranger warmup_scheduler torch_lr_finder
    cachetools more_itertools toolz pyhocon easydict addict munch box simplejson msgpack glob2 path pathos
    multiprocess rnnlab""".split()
)


def import_(run: Run, node: ast.Import) -> str:
    """`import a.b as c`."""
    for alias in node.names:
        value = module(run, alias.name, 0, node)
        if alias.asname or "." not in alias.name:
            run.assign(alias.asname or alias.name, value)
        else:
            _assign_dotted(run, alias.name, value)
    return ""


def _assign_dotted(run: Run, name: str, value: Value) -> None:
    first, _, rest = name.partition(".")
    if not isinstance(value, File):
        run.assign(first, Library(first))
        return
    package = run.look_up(first)
    if not isinstance(package, File):
        package = File(first)
        run.assign(first, package)
    for part in rest.split(".")[:-1]:
        inner = package.fields.get(part)
        package.fields[part] = package = inner if isinstance(inner, File) else File(part)
    run.heap.write(package.fields, rest.rpartition(".")[2], value)


def import_from(run: Run, node: ast.ImportFrom) -> str:
    """`from a import b as c`."""
    name = node.module or ""
    value = module(run, name, node.level, node) if name or not node.level else None
    for alias in node.names:
        if alias.name == "*":
            _star(run, value, name, node)
            continue
        found = value.fields.get(alias.name) if isinstance(value, File) else None
        if found is None and (value is None or isinstance(value, File)):
            whole = f"{name}.{alias.name}" if name else alias.name
            found = module(run, whole, node.level, node)
        elif isinstance(value, Library):
            found = Library(f"{value.name}.{alias.name}")
        unknown = Unknown(text=alias.name, missing=isinstance(value, Unknown) and value.missing)
        run.assign(alias.asname or alias.name, found if found is not None else unknown)
    return ""


def _star(run: Run, value: Value | None, name: str, node: Any) -> None:
    if isinstance(value, File):
        for key, one in list(value.fields.items()):
            if not str(key).startswith("_"):
                run.assign(key, one)
    elif isinstance(value, Library):
        for word in _STARRED.get(value.name, "").split():
            run.assign(word, Library(f"{value.name}.{word}"))


_STARRED = {
    "torch.nn": "Module Embedding LSTM GRU RNN Linear Dropout Sequential ModuleList CrossEntropyLoss BCELoss BCEWithLogitsLoss "
    "NLLLoss MSELoss functional init utils Parameter ReLU Tanh Sigmoid Softmax LogSoftmax LayerNorm BatchNorm1d Conv1d",
    "torch.nn.functional": "relu softmax log_softmax sigmoid tanh dropout cross_entropy nll_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits embedding max_pool1d pad one_hot",
    "torch.utils.data": "Dataset DataLoader TensorDataset Subset random_split RandomSampler SequentialSampler",
    "torch.optim": "Adam AdamW SGD RMSprop Adagrad Adadelta lr_scheduler",
    "torchtext.data": "Field LabelField TabularDataset BucketIterator Iterator Dataset Example",
    "pathlib": "Path", "collections": "Counter defaultdict OrderedDict deque", "typing": "List Dict Tuple Optional",
    "torch": "nn optim tensor Tensor no_grad device cuda save load manual_seed zeros ones cat stack",
    "torch.nn.utils.rnn": "pack_padded_sequence pad_packed_sequence pad_sequence pack_sequence PackedSequence",
}  # fmt: skip


def module(run: Run, name: str, level: int, node: Any) -> Value:
    """Return a module: a file of the program, run when it is first asked for, or a library by its name."""
    importer = _importer(run, level)
    key = find_module(run.program, name, importer) if name else None
    root = name.partition(".")[0]
    # A file beside the script comes before a library of its name: datasets.py, evaluate.py.
    if key is not None and (level or root not in KNOWN or (_lies_beside(importer, key, name) and key != importer)):
        return run_file(run, key)
    if level or (root not in sys.stdlib_module_names and root not in KNOWN):
        run.story.gap(node, "import", f"the module '{'.' * level}{name}' was not found among the program's files")
        return Unknown(text=name, missing=True)
    return Library(name)


def _lies_beside(importer: str, key: str, name: str) -> bool:
    around = importer.rpartition(".")[0]
    return key in (f"{around}.{name}" if around else name, name)


def _importer(run: Run, level: int) -> str:
    name = run.frame.file
    for _ in range(max(0, level - 1)):
        name = name.rpartition(".")[0]
    return name


def run_file(run: Run, key: str) -> File:
    """Run a file of the program, once, and return its module."""
    if key in run.files:
        return run.files[key]
    made = run.files[key] = File(key)
    source = run.program.files[key]
    story = run.story
    part, inside, loops, models = story.part, story.inside, run.loops, run.models
    story.inside, run.loops, run.models = [], [], []
    run.frames.append(Frame(Scoped(made.fields, None, made.fields), None, key))
    if key not in run.program.entries:
        made.fields["__name__"] = _named(key)
    try:
        for gap in source.gaps:
            story.tell(gap)
        for one in source.parts:
            story.part = one
            run.execute(one.tree.body)
    finally:
        run.frames.pop()
        story.part, story.inside, run.loops, run.models = part, inside, loops, models
    return made


def _named(key: str) -> Value:
    from rnnlab.reading.values import Constant

    return Constant(key)
