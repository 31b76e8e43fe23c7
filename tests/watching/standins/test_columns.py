"""The source of a program says which columns and labels it wants of its file."""

from __future__ import annotations

import textwrap

import pytest

from rnnlab.watching.standins.columns import roles, wanted


def columns_of(source: str) -> list[str]:
    return wanted([textwrap.dedent(source)]).columns


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ("df = pd.read_csv('x')\nx = df['review']\ny = df['sentiment']", ["review", "sentiment"]),
        ("df = pd.read_csv('x')\nx, y = df.review.values, df.sentiment.values", ["review", "sentiment"]),
        ("df = pd.read_csv('x')[['v1', 'v2']]", ["v1", "v2"]),
        ("df = pd.read_csv('x', usecols=['text', 'target'])", ["text", "target"]),
        ("df = pd.read_csv('x')\ndf['clean'] = df['text'].str.lower()\nx = df['clean']", ["text"]),
        ("df = pd.read_csv('x')\ntrain, test = split(df)\nx = train['tweet']\ny = test.loc[3, 'label']", ["tweet", "label"]),
        ("df = pd.read_csv('x')\ndf = df.rename(columns={'v1': 'label'}).drop(columns=['id'])\ny = df.label", ["id", "v1"]),
        ("df = pd.read_csv('x')\ndf.columns = ['A', 'B']\nx = df['A']", ["A", "B"]),
        ("for i, row in pd.read_csv('x').iterrows():\n    a.append(row['body'])", ["body"]),
        ("rows = list(csv.DictReader(f))\ntexts = [row['review'] for row in rows]", ["review"]),
    ],
)  # fmt: skip
def test_columns_are_found_where_the_table_is_asked(source: str, columns: list[str]) -> None:
    assert columns_of(source) == columns


def test_the_table_is_followed_into_functions_and_classes() -> None:
    source = """\
        def load(path):
            return pd.read_csv(path)

        class Reviews(Dataset):
            def __init__(self, frame):
                self.frame = frame

            def __getitem__(self, i):
                row = self.frame.iloc[i]
                return row['comment_text'], row['toxic']

        data = load('train.csv')
        dataset = Reviews(data)
        """
    assert columns_of(source) == ["comment_text", "toxic"]


def test_other_dictionaries_are_no_tables() -> None:
    assert columns_of("df = pd.read_csv('x')\nx = df['text']\nhome = os.environ['HOME']\nw = saved['state']") == [
        "text"
    ]


def test_each_of_several_tables_has_its_own_columns() -> None:
    source = "a = pd.read_csv('a')\nx = a['text']\nb = pd.read_csv('b')\ny = b['label']"
    assert wanted([source], (source, 1)).columns == ["text"]
    assert wanted([source], (source, 3)).columns == ["label"]


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ("y = df['sentiment'] == 'positive'", ["negative", "positive"]),
        ("y = df['sentiment'].map({'pos': 1, 'neg': 0})", ["neg", "pos"]),
        ("y = df['sentiment'].apply(lambda x: 1 if x == 'spam' else 0)", ["ham", "spam"]),
        ("codes = {'a': 0, 'b': 1, 'c': 2}\ny = df['sentiment'].map(codes)", ["a", "b", "c"]),
        ("def code(x):\n    return 1 if x == 'real' else 0\ny = df['sentiment'].apply(code)", ["real", "fake"]),
        ("y = [1 if s == 'positive' else 0 for s in labels]", ["negative", "positive"]),
        ("df['sentiment'] = df['sentiment'].replace(4, 1)", [0, 4]),
        ("df = df[df['sentiment'] != 'neutral']", ["negative", "positive", "neutral"]),
        ("label_pipeline = lambda x: int(x) - 1", [1, 2]),
        ("y = df['sentiment'].values", [0, 1]),
    ],
)
def test_label_values_are_those_that_the_program_tells_apart(source: str, labels: list[object]) -> None:
    found = wanted(["df = pd.read_csv('x')\n" + source]).labels("sentiment")
    assert sorted(map(str, found)) == sorted(map(str, labels))


def test_columns_that_are_asked_for_by_number_get_the_learners_words() -> None:
    source = "next(reader)\nfor row in reader:\n    texts.append(row[2])\n    label = int(row[0])"
    found = wanted([source])
    assert found.positions == {2: "texts.append", 0: "label"}
    assert found.skips_header


def test_the_lowest_frequency_of_a_vocabulary_is_known() -> None:
    assert wanted(["TEXT.build_vocab(train, min_freq=5)"]).min_freq == 5


def test_a_notebooks_magics_do_not_stop_the_reading() -> None:
    assert columns_of("%matplotlib inline\n!pip install x\ndf = pd.read_csv('x')\ny = df['text']") == ["text"]


def test_what_cannot_be_parsed_says_nothing() -> None:
    assert columns_of("this is no Python") == []


def test_there_is_always_a_text_and_a_label() -> None:
    assert roles(["id", "body", "stars"]) == {"id": "number", "body": "text", "stars": "label"}
    assert set(roles(["a", "b"]).values()) == {"text", "label"}
